"""What a notebook shows: small tables of bars, and pictures; no scripts."""

from __future__ import annotations

import base64
import html
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._explanations import Attribution, Explanation, Explanations

_MOST_ROWS = 5
_MOST_BARS = 12
_GAP = "padding:0 0.8em 0 0"
_UP, _DOWN = "#1a7f5a", "#b3305f"  # As in the report: for and against.


def explanations(answers: Explanations) -> str:
    """The plan, then the first instances."""
    plan = answers.plan
    head = f"{len(answers)} explained by {plan.get('method', '')}"
    parts = [f"<p>{_text(head)}, signature {_text(plan.get('signature', ''))}</p>"]
    parts += [f"<p>&#9888; {_text(message)} [{_text(rule)}]</p>" for rule, message, _ in answers.warnings]
    parts += [explanation(one) for one in answers[:_MOST_ROWS]]
    if len(answers) > _MOST_ROWS:
        parts.append(f"<p>and {len(answers) - _MOST_ROWS} more; .report(path) shows all</p>")
    return "".join(parts)


def explanation(answer: Explanation) -> str:
    """Each output element of one instance; for examples, the neighbours."""
    if answer.neighbors is not None:
        rows = "".join(
            f"<tr><td>{_text(one.id)}</td><td>{one.distance:.4g}</td></tr>" for one in answer.neighbors
        )
        return f"<table><tr><th>example</th><th>distance</th></tr>{rows}</table>"
    head = f"<b>instances[{answer.number}]</b> "
    return "".join(attribution(one, head) for one in answer.attributions)


def attribution(answer: Attribution, head: str = "") -> str:
    """The scores of an output element, and its pictures or bars."""
    label = answer.display_name or "".join(f"[{i}]" for i in answer.output_index)
    start = answer.baseline_output
    scores = f"{answer.instance_output:.4g}"
    if start is not None:
        scores = f"{start:.4g} &rarr; {scores}"
    head += f"{_text(answer.output_name)} {_text(label)}: {scores}"
    body = _pictures(answer) or _bars(answer)
    return f'<div style="margin:0.5em 0">{head}{body}</div>'


def _pictures(attribution: Attribution) -> str:
    tags = []
    for feature in attribution._native.features:
        png = attribution._answers.draw(feature, '{"overlay": "grayscale"}')
        if png is not None:
            data = base64.b64encode(png).decode("ascii")
            tags.append(f'<br><img alt="{_text(feature.name)}" src="data:image/png;base64,{data}">')
    return "".join(tags)


def _bars(attribution: Attribution) -> str:
    shares = sorted(_shares(attribution), key=lambda entry: -abs(entry[2]))
    longest = max((abs(share) for _, _, share in shares), default=0.0) or 1.0
    rows = "".join(_bar(*entry, longest) for entry in shares[:_MOST_BARS])
    if len(shares) > _MOST_BARS:
        rest = sum(share for _, _, share in shares[_MOST_BARS:])
        rows += _bar(f"{len(shares) - _MOST_BARS} others", None, rest, longest)
    return f'<table style="border-collapse:collapse">{rows}</table>'


def _shares(attribution: Attribution) -> list[tuple[str, Any, float]]:
    """Those of the attribution, with the pieces of a text each for itself."""
    features, inputs = attribution.features, attribution.inputs
    shares: list[tuple[str, Any, float]] = []
    for share in attribution.shares():
        name = share[0]
        if name in features and features[name].size > 1 and _is_text(inputs[name], features[name]):
            pieces = zip(inputs[name].ravel(), features[name].ravel())
            shares.extend((str(piece), None, float(value)) for piece, value in pieces)
        else:
            shares.append(share)
    return shares


def _is_text(given: Any, values: Any) -> bool:
    return given is not None and given.dtype == object and given.size == values.size


def _bar(name: str, value: Any, share: float, longest: float) -> str:
    width = round(200 * min(abs(share) / longest, 1))
    shown = "" if value is None else (f"{value:.4g}" if isinstance(value, float) else str(value))
    return (
        f'<tr><td style="text-align:left;{_GAP}">{_text(name)}</td>'
        f'<td style="text-align:right;{_GAP}">{_text(shown)}</td>'
        f'<td style="text-align:right;{_GAP}">{share:+.4g}</td>'
        f'<td style="text-align:left"><div style="height:0.8em;width:{width}px;'
        f'background:{_UP if share >= 0 else _DOWN}"></div></td></tr>'
    )


def _text(value: Any) -> str:
    return html.escape(str(value))
