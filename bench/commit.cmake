# SPDX-License-Identifier: MIT
# cmake -DSOURCE=DIR -DOUTPUT=FILE -P commit.cmake: writes a header that names the commit of the sources. Run at every
# build, as CMake does not notice when the commit changes; a header that would not change is left alone. Only SOURCE's
# own repository counts, not one that it happens to lie in.
cmake_minimum_required(VERSION 3.16)
get_filename_component(above ${SOURCE} DIRECTORY)
set(ENV{GIT_CEILING_DIRECTORIES} ${above})
set(commit unknown)
find_program(GIT git)
if(GIT)
  execute_process(COMMAND ${GIT} --no-optional-locks -C ${SOURCE} describe --always --dirty --exclude=*
                  OUTPUT_VARIABLE found RESULT_VARIABLE failed OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(NOT failed)
    set(commit ${found})
  endif()
endif()
file(WRITE ${OUTPUT}.new "#define DESCEND_COMMIT \"${commit}\"\n")
configure_file(${OUTPUT}.new ${OUTPUT} COPYONLY) # only if they differ
