#include "negphase/core/version.hpp"

namespace negphase {

std::string_view version() { return NEGPHASE_VERSION; }

}  // namespace negphase
