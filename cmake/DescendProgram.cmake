# SPDX-License-Identifier: MIT
# Installing the programs, with what users of a shell expect beside them.
find_program(HELP2MAN help2man)

# descend_program(TARGET WHAT): installs it, its manual page, of which WHAT is the first line, and its completion in
# bash.
function(descend_program target what)
  if(NOT DESCEND_INSTALL)
    return()
  endif()
  install(TARGETS ${target} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  descend_program_rpath(${target})

  # It is made of what --help and --version print, so it has to run here.
  if(HELP2MAN AND NOT CMAKE_CROSSCOMPILING)
    set(page ${CMAKE_CURRENT_BINARY_DIR}/${target}.1)
    add_custom_command(OUTPUT ${page} DEPENDS ${target} VERBATIM COMMENT "Making the manual page of ${target}"
                       COMMAND ${CMAKE_COMMAND} -E env LC_ALL=C ${HELP2MAN} --no-info "--name=${what}" --output=${page}
                               $<TARGET_FILE:${target}>)
    add_custom_target(${target}-page ALL DEPENDS ${page})
    install(FILES ${page} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  endif()

  # bash-completion's own function for whatever has a --help as GNU's programs do.
  set(completion ${CMAKE_CURRENT_BINARY_DIR}/completion/${target})
  file(WRITE ${completion} "complete -F _longopt ${target}\n")
  install(FILES ${completion} DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
endfunction()

# Installed below any prefix, and moved from there, a program finds the shared libraries beside it. In /usr the loader
# looks anyway, and distributions want no path in a program; elsewhere -DCMAKE_SKIP_INSTALL_RPATH=ON leaves it out.
function(descend_program_rpath target)
  get_target_property(type descend TYPE)
  get_target_property(links ${target} LINK_LIBRARIES)
  if(links MATCHES "descend::" AND type STREQUAL SHARED_LIBRARY AND NOT CMAKE_INSTALL_RPATH
     AND NOT CMAKE_INSTALL_PREFIX STREQUAL "/usr")
    set(libraries ${CMAKE_INSTALL_LIBDIR})
    if(NOT IS_ABSOLUTE ${libraries})
      file(RELATIVE_PATH libraries ${CMAKE_INSTALL_FULL_BINDIR} ${CMAKE_INSTALL_FULL_LIBDIR})
      set(libraries $ORIGIN/${libraries})
    endif()
    set_target_properties(${target} PROPERTIES INSTALL_RPATH ${libraries})
  endif()
endfunction()
