/* SPDX-License-Identifier: MIT */
/* What the sanitizers must know of libomp, in each test program; unused in a build without them. They look for these
 * names. */
const char *__tsan_default_options(void);
const char *__lsan_default_suppressions(void);

/* Archer tells ThreadSanitizer how libomp's threads wait for each other; libomp's own mutexes it does not. */
const char *__tsan_default_options(void)
{
    return "ignore_noninstrumented_modules=1";
}

/* libomp does not free what nested teams and teams that shrank had; Open MPI and its libraries leave much behind. */
const char *__lsan_default_suppressions(void)
{
    return "leak:libomp.so\nleak:libmpi.so\nleak:libopen-pal.so\nleak:libopen-rte.so\nleak:libevent\nleak:libpmix\n";
}
