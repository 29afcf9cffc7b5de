#pragma once

namespace negphase {

/// 1 - 2^-53 - u: a uniform of 53 bits read from its other end, exactly, and again uniform on [0,
/// 1). A kernel that draws whether a site of two states moves reads it so where the site stands in
/// its upper state. With one u the lower state then moves up where the upper one stays, as far as
/// their laws have that in common, which is their maximal coupling: two chains that share their
/// words meet, and do not change places.
inline double reversed_uniform(double u) { return 0x1.fffffffffffffp-1 - u; }

}  // namespace negphase
