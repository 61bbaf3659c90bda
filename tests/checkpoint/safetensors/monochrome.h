/* SPDX-License-Identifier: MIT */
/* Files of which each byte of data is the same, to see whether a file is whole and whose. */
#ifndef DESCEND_TESTS_MONOCHROME_H
#define DESCEND_TESTS_MONOCHROME_H

#include "descend/descend.h"

/* Saves one, in several pieces. */
descend_status monochrome_save(const char *path, unsigned char byte);

/* The byte of a file, which is whole and has the right checksum; 0 if it does not. */
unsigned char monochrome(const char *path);

#endif
