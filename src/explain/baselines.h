// Where paths and games start: the baselines of the explained inputs, and who chose them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "explain/explained.h"
#include "model/program.h"
#include "whylight/explainer.h"
#include "whylight/function.h"

namespace whylight {

// "zeros, mean, median, min, max, random, blurred, black,white".
std::string BaselineKindNames();
std::optional<BaselineKind> FindBaselineKind(std::string_view name);

// Sets explained.baselines. A name of --baseline goes before --baseline for all inputs, and both
// before the metadata (encoded_baselines where gradients are taken at the encoded tensor); without
// any an input starts from zeros, a string from "", and XRAI's pictures from their own black and
// white.
//
// Errors  kInvalidArgument: a baseline of no explained input; inputs with different numbers of
//         them, neither 1; a kind that needs data, and there are none, or that a sparse input
//         cannot have. kFailedPrecondition: a baseline of an input that is held.
Status ChooseBaselines(const ExplainOptions& options, Explained& explained);

// Sets explained.data. `rows`: BaselineData, prepared, all of Program::inputs.
// Errors: those of StatisticsOf, with the source in front.
Status TakeBaselineData(std::span<const Row> rows, const ExplainOptions& options,
                        Explained& explained);

// For each baseline a row in the form of `x`, the values of explained.inputs. A random one depends
// on the seed, its place among the baselines and the form of `x` alone: all instances have the
// same. Errors: kInvalidArgument if one has not the shape or dtype of its input, or a picture's is
// asked for and it is none.
Result<std::vector<Row>> BaselineRows(const Row& x, const Explained& explained,
                                      const ExplainOptions& options);

// In order of explained.names.
std::vector<BaselineNote> DescribeBaselines(const Program& program, const Explained& explained,
                                            const ExplainOptions& options);

// Whether a float scalar or vector starts from zeros that nobody chose.
bool TableStartsAtZero(const Program& program, const Explained& explained,
                       const ExplainOptions& options);

}  // namespace whylight
