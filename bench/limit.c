/* Compiled once per ISA, like kernels/kernels.c, over the library's own loop. */
#include DESCEND_VEC

#include "limit.h"
#include "stream.h"

static inline vf limit_state(const void *scalars, unsigned options, vf p, vf *g, vf *s0, vf *s1, vf *s2)
{
    (void)scalars, (void)options, (void)p;
    *s0 = vf_add(*s0, *g);
    *s1 = vf_add(*s1, *g);
    *s2 = vf_add(*s2, *g);
    return *g;
}

static inline vf limit_param(const void *scalars, unsigned options, vf p, vf g, vf x, vf s0, vf s1, vf s2)
{
    (void)scalars, (void)options, (void)g, (void)s0, (void)s1, (void)s2;
    return vf_add(p, x);
}

#define LIMIT(states)                                                                                                \
    static void limit_##states(const void *scalars, const struct descend_streams *streams, size_t begin, size_t end) \
    {                                                                                                                \
        const unsigned mask = (1u << states) - 1;                                                                    \
        const struct stream loop = {BODY_BARE, PHASE_ONLY, 0, mask, mask, {ELEMENT_f32, ELEMENT_f32, ELEMENT_f32},   \
                                    *streams};                                                                       \
        stream((struct formula){limit_state, limit_param}, scalars, loop, begin, end);                               \
    }
LIMIT(0)
LIMIT(1)
LIMIT(2)
LIMIT(3)

#define PASTE(a, b) a##b
#define TABLE(isa) PASTE(limit_, isa)
#define TEXT_OF(x) #x
#define TEXT(x) TEXT_OF(x)
extern const struct limit_kernels TABLE(VF_ISA);
const struct limit_kernels TABLE(VF_ISA) = {TEXT(VF_ISA), {limit_0, limit_1, limit_2, limit_3}};
