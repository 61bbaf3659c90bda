# SPDX-License-Identifier: MIT
# Cross-compiles with Debian's gcc for CROSS_TARGET, a name like s390x-linux-gnu. A preset for each: CMakePresets.json.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES CROSS_TARGET)
set(CMAKE_SYSTEM_NAME Linux)
string(REGEX REPLACE "-.*" "" CMAKE_SYSTEM_PROCESSOR ${CROSS_TARGET})
set(CMAKE_C_COMPILER ${CROSS_TARGET}-gcc)
string(REGEX REPLACE "^i686" "i386" CMAKE_LIBRARY_ARCHITECTURE ${CROSS_TARGET})
