#!/usr/bin/env bash
# tools/demo.sh MODELS PROGRAM: three real models on real data, as ./dev demo shows them.
set -euo pipefail
models=$1
whylight=$2
color=auto
[ -t 1 ] || color=never

title() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || title() { printf '\n%s\n' "$*"; }
show() {
  printf '$ whylight'
  printf ' %q' "$@"
  printf '\n'
  "$whylight" "$@" --format table --color "$color"
}
# The first rows of an instances file.
rows() { head -n "$2" "$models/$1/instances.jsonl" >"$models/$1/shown.jsonl"; }

title "Text: which language is this? (guesslang, a TensorFlow 2.5 Estimator as published)"
rows text 1
show explain "$models/text/model" -i "$models/text/shown.jsonl" \
  --output-name probabilities --method sampled-shapley --pieces lines --paths 16

title "Picture: which emotion is this? (fer, JPEG bytes -> xai_preprocess -> xai_model)"
show explain "$models/image/model" -i "$models/image/instances.jsonl" --steps 100 \
  --images "$models/image/pictures" --overlay grayscale
printf '  picture: %s\n' "$models"/image/pictures/*.jpg

title "Table: malignant or benign? (trained on the Wisconsin breast cancer data)"
rows table 1
show explain "$models/table/model" -i "$models/table/shown.jsonl"

title "Reports: pages that open in a browser, from a disk, without a network"
report() {
  local name=$1
  shift
  "$whylight" explain "$models/$name/model" "$@" -o "$models/$name/explanations.jsonl"
  "$whylight" report "$models/$name/explanations.jsonl" -o "$models/$name.html"
}
report text -i "$models/text/instances.jsonl" \
  --output-name probabilities --method sampled-shapley --pieces words --paths 16
report image -i "$models/image/instances.jsonl" --method xrai
report table -i "$models/table/instances.jsonl"
