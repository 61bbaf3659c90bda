/* SPDX-License-Identifier: MIT */
/* The choice of the kernel table. */
#include "dispatch.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

#include "cpu.h"
#include "descend/descend.h"

/* DESCEND_ISAS comes from CMake: ISA(name) for each variant that was compiled, slowest first. */
#define ISA(name) extern const struct descend_kernels descend_kernels_##name;
DESCEND_ISAS
#undef ISA

#define ISA(name) &descend_kernels_##name,
static const struct descend_kernels *const built[] = {DESCEND_ISAS};
#undef ISA
enum { BUILT = sizeof built / sizeof *built };

/* In use where DESCEND_ISA names no variant that can run. */
static const struct descend_kernels none = {.isa = "none"};

/* NULL until the first use. The tables are constant, so any value ever stored is safe to use. Threads that make the
 * first call at once all choose the same table; only NULL is replaced, so that a table forced in between stays. */
static _Atomic(const struct descend_kernels *) active;

static bool can_run(const struct descend_kernels *kernels)
{
    return (descend_cpu_features() & kernels->needs) == kernels->needs;
}

static const struct descend_kernels *find(const char *name)
{
    for (size_t i = 0; i < BUILT; i++)
        if (strcmp(built[i]->isa, name) == 0)
            return can_run(built[i]) ? built[i] : NULL;
    return NULL;
}

static const struct descend_kernels *best(void)
{
    size_t i = BUILT - 1;
    while (i > 0 && !can_run(built[i])) /* built[0], scalar, runs everywhere */
        i--;
    return built[i];
}

static const struct descend_kernels *from_environment(void)
{
    /* Where a program has rights that its user lacks (setuid), the user's environment has no say. */
    const char *name = getauxval(AT_SECURE) ? NULL : getenv("DESCEND_ISA");
    if (name == NULL || *name == '\0')
        return best();
    const struct descend_kernels *kernels = find(name);
    return kernels ? kernels : &none;
}

static const struct descend_kernels *resolve(void)
{
    const struct descend_kernels *current = atomic_load_explicit(&active, memory_order_acquire);
    if (current == NULL) {
        const struct descend_kernels *chosen = from_environment();
        if (atomic_compare_exchange_strong_explicit(&active, &current, chosen, memory_order_acq_rel,
                                                    memory_order_acquire))
            current = chosen;
    }
    return current;
}

const struct descend_kernels *descend_dispatch(void)
{
    const struct descend_kernels *kernels = resolve();
    return kernels == &none ? NULL : kernels;
}

const char *descend_isa_active(void)
{
    return resolve()->isa;
}

size_t descend_isa_count(void)
{
    return BUILT;
}

const char *descend_isa_name(size_t index)
{
    return index < BUILT ? built[index]->isa : NULL;
}

bool descend_isa_supported(const char *name)
{
    return name != NULL && find(name) != NULL;
}

descend_status descend_isa_force(const char *name)
{
    const struct descend_kernels *kernels = name ? find(name) : best();
    if (kernels == NULL)
        return DESCEND_BAD_ISA;
    atomic_store_explicit(&active, kernels, memory_order_release);
    return DESCEND_OK;
}
