#pragma once
#include <string>
#include <string_view>

// What a sampler says of its draws has other names in ArviZ's files than in Stan's.
namespace negphase {

/// "lp__" of "lp"; ArviZ's names of today and of earlier days. "": it has no name in Stan's files.
std::string stan_name(std::string_view arviz);
/// "lp" of "lp__", the name of today. "": it has no name in ArviZ's files.
std::string arviz_name(std::string_view stan);

}  // namespace negphase
