# SPDX-License-Identifier: MIT
set(consumer_directory ${CMAKE_CURRENT_LIST_DIR})

# consumer(NAME SOURCE LIBRARIES...): a program, warnings being errors.
function(consumer name source)
  add_executable(${name} ${consumer_directory}/${source})
  set_target_properties(${name} PROPERTIES C_STANDARD 11 C_EXTENSIONS OFF
                        CXX_STANDARD 17 CXX_STANDARD_REQUIRED ON CXX_EXTENSIONS OFF)
  target_compile_options(${name} PRIVATE -Wall -Wextra -Wpedantic -Werror)
  target_link_libraries(${name} PRIVATE ${ARGN})
endfunction()

macro(consumers_in_c)
  consumer(adam adam.c descend::descend m)
endmacro()

macro(consumers_in_cxx)
  consumer(adam_cxx adam.cc descend::descend)
  consumer(trainer trainer.cc descend::io)
endmacro()
