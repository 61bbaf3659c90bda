# SPDX-License-Identifier: MIT
# install, find_package(descend) and pkg-config.
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/descend)
set(installed descend descend_io)
set(pcs descend descend-io)
if(DESCEND_BUILD_MPI)
  list(APPEND installed descend_mpi)
  list(APPEND pcs descend-mpi)
  install(FILES include/descend/mpi.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/descend)
endif()
install(TARGETS ${installed} EXPORT descend-targets)
install(DIRECTORY include/descend DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} PATTERN mpi.h EXCLUDE)
install(EXPORT descend-targets NAMESPACE descend:: DESTINATION ${package_dir})

# A static library hands its own dependencies on to whoever links it.
set(DESCEND_NEEDS_THREADS OFF)
set(DESCEND_NEEDS_OPENMP OFF)
set(DESCEND_LIBS_PRIVATE "-lm ${CMAKE_THREAD_LIBS_INIT}")
if(NOT DESCEND_SHARED)
  set(DESCEND_NEEDS_THREADS ON)
  set(DESCEND_NEEDS_OPENMP ${DESCEND_OPENMP})
endif()
if(DESCEND_OPENMP)
  string(APPEND DESCEND_LIBS_PRIVATE " ${OpenMP_C_FLAGS} -l${CMAKE_DL_LIBS}")
endif()

# Without a shared library there is nothing from which the linker would learn them: then Libs names them too.
set(DESCEND_LIBS "")
if(NOT DESCEND_SHARED)
  set(DESCEND_LIBS " ${DESCEND_LIBS_PRIVATE}")
endif()

configure_package_config_file(cmake/descend-config.cmake.in ${PROJECT_BINARY_DIR}/descend-config.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/descend-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/descend-config.cmake ${PROJECT_BINARY_DIR}/descend-config-version.cmake
        DESTINATION ${package_dir})

# Found from where the .pc file lies, since `cmake --install --prefix` may put it anywhere; absolute directories stay.
set(DESCEND_PREFIX ${CMAKE_INSTALL_PREFIX})
if(NOT IS_ABSOLUTE ${CMAKE_INSTALL_LIBDIR})
  file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
  set(DESCEND_PREFIX \${pcfiledir}/${up})
endif()
foreach(directory IN ITEMS LIBDIR INCLUDEDIR)
  set(DESCEND_${directory} ${CMAKE_INSTALL_${directory}})
  if(NOT IS_ABSOLUTE ${DESCEND_${directory}})
    set(DESCEND_${directory} \${prefix}/${DESCEND_${directory}})
  endif()
endforeach()
foreach(pc IN LISTS pcs)
  configure_file(cmake/${pc}.pc.in ${PROJECT_BINARY_DIR}/${pc}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${pc}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
