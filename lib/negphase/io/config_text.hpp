#pragma once
#include <string>
#include <string_view>

#include "negphase/io/config.hpp"

namespace negphase {

/// A string in TOML's quotes.
std::string toml_string(std::string_view text);

/// The resolved configuration as TOML: every option of every thing that is named, defaults
/// included, paths absolute. read_config() of it gives the same run, wherever the text is put.
/// `legal` is what the configuration was read with.
/// @param params_file  written for [model] params as it is, if not empty
std::string to_toml(const RunConfig& config, const LegalNames& legal,
                    const std::string& params_file = "");

}  // namespace negphase
