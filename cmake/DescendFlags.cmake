# SPDX-License-Identifier: MIT
include(CheckCCompilerFlag)

# What everything that computes is compiled with: one answer whatever flags the embedding project sets.
#   -fno-fast-math     takes back a -ffast-math from outside
#   -ffp-contract=off  gcc fuses even intrinsics into FMA otherwise
#   -fno-lto           these objects are what runs, as tests look at them: no link compiles them with other flags
#   -fno-math-errno    lets sqrt be an instruction; it changes no bit
#   -fno-single-precision-constant  takes back what would make the double 0.999 the float 0.999
#   -fexcess-precision=fast  lets gcc compute floats in float on machines that can (for s390x -std=c11 makes it double)
#   -march=x86-64, armv8-a   takes back a -march=native from outside: the variants say what needs more
#   -msse2 -mfpmath=sse      computes floats in float on i386 too: the x87 cannot
# And, against a program that is led astray: indirect branches only to where the code expects them (x86's CET, else
# AArch64's BTI and PAC, which clang silently ignores on x86), and no table of functions that stays writable.
set(branch_protection "")
check_c_compiler_flag(-fcf-protection DESCEND_HAS_CET)
check_c_compiler_flag(-mbranch-protection=standard DESCEND_HAS_BTI)
if(DESCEND_HAS_CET)
  set(branch_protection -fcf-protection)
elseif(DESCEND_HAS_BTI)
  set(branch_protection -mbranch-protection=standard)
endif()
set(descend_float_flags -ffp-contract=off $<$<C_COMPILER_ID:GNU>:-fexcess-precision=fast>)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64|i[3-6]86)$")
  list(APPEND descend_float_flags -msse2 -mfpmath=sse)
endif()
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$" AND CMAKE_SIZEOF_VOID_P EQUAL 8)
  list(APPEND descend_float_flags -march=x86-64)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$" AND CMAKE_SIZEOF_VOID_P EQUAL 8)
  list(APPEND descend_float_flags -march=armv8-a)
endif()
function(descend_flags target)
  set_target_properties(${target} PROPERTIES C_STANDARD 11 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF
                        C_VISIBILITY_PRESET hidden POSITION_INDEPENDENT_CODE ON INTERPROCEDURAL_OPTIMIZATION OFF)
  target_compile_options(${target} PRIVATE -fno-fast-math -fno-lto ${descend_float_flags} -fno-math-errno
                         $<$<C_COMPILER_ID:GNU>:-fno-single-precision-constant> ${branch_protection})
  target_link_options(${target} PRIVATE LINKER:-z,relro LINKER:-z,now)
  descend_warnings(${target})
endfunction()

# descend_isa_object(TARGET SOURCE ISA FLAGS...): SOURCE, which includes DESCEND_VEC, compiled for one ISA.
function(descend_isa_object target source isa)
  add_library(${target} OBJECT ${source})
  descend_flags(${target})
  target_compile_options(${target} PRIVATE ${ARGN})
  # Each of these three at each vector access of some hundred inlined loops takes minutes to compile.
  if(CMAKE_C_FLAGS MATCHES "-fsanitize=[a-z,]*undefined")
    target_compile_options(${target} PRIVATE -fno-sanitize=null,alignment,pointer-overflow)
  endif()
  target_compile_definitions(${target} PRIVATE "DESCEND_VEC=\"vec/${isa}.h\"")
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/include ${PROJECT_SOURCE_DIR}/kernels)
endfunction()

# descend_exports(TARGET LIST): a shared TARGET exports what the file LIST names, and nothing else.
function(descend_exports target list)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${list})
  file(STRINGS ${list} names)
  list(JOIN names "; " names)
  set(script ${PROJECT_BINARY_DIR}/${target}.map)
  file(GENERATE OUTPUT ${script} CONTENT "DESCEND_${interface} { global: ${names}; local: *; };\n")
  if(DESCEND_SHARED)
    target_link_options(${target} PRIVATE LINKER:--version-script,${script})
    set_property(TARGET ${target} PROPERTY LINK_DEPENDS ${script})
  endif()
endfunction()

function(descend_warnings target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wshadow -Wpedantic $<$<COMPILE_LANGUAGE:C>:-Wconversion>)
  if(NOT at_top_level) # nothing here is written for the warnings that another project may make errors
    target_compile_options(${target} PRIVATE -Wno-error)
  endif()
endfunction()

# Stops the configuration: a part that is on lacks what it needs.
function(descend_missing what package option)
  message(FATAL_ERROR "${what} was not found. Install Debian's ${package}, or turn this part off with -D${option}=OFF.")
endfunction()
