/* SPDX-License-Identifier: MIT */
/* The configs that the tools train with and measure, each under a name: one for each kind of optimizer, and
 * momentum. */
#ifndef DESCEND_TOOLS_NAMED_CONFIG_H
#define DESCEND_TOOLS_NAMED_CONFIG_H

#include <stddef.h>

#include "descend/config.h"

enum { NAMED_CONFIGS_MAX = 64 };

struct named_config {
    const char *name;      /* the kind's; or "momentum", which is SGD with momentum 0.9 */
    descend_config config; /* the library's defaults, but for a learning rate that suits descend-train's network */
};

/* All of them, *count in number and at most NAMED_CONFIGS_MAX. */
const struct named_config *named_configs(size_t *count);

/* The one whose name is the first `length` characters of name; NULL if there is none. */
const struct named_config *named_config_find(const char *name, size_t length);

#endif
