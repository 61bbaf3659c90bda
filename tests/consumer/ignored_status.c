/* SPDX-License-Identifier: MIT */
/* C and C++: drops a status, which C++17 and C23 are to warn of and earlier ones are not. */
#include <descend/descend.h>

void ignore(void);

void ignore(void)
{
    descend_isa_force(NULL);
}
