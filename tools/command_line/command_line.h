/* SPDX-License-Identifier: MIT */
/* The command line of these programs: each has one table of its options, by which they are read (with getopt_long) and
 * explained. */
#ifndef DESCEND_TOOLS_COMMAND_LINE_H
#define DESCEND_TOOLS_COMMAND_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "complain.h"
#include "help.h"

/* The exit statuses of all programs. */
enum command_status {
    COMMAND_DONE = 0,   /* all went well; the help or the version has been printed */
    COMMAND_FAILED = 1, /* the work could not be done */
    COMMAND_WRONG = 2   /* the command line is wrong, and nothing was begun */
};

struct command_option {
    const char *name;     /* without the dashes */
    const char *argument; /* as the help calls it; NULL: the option has none */
    const char *meaning;
    /* Stores what the text says, where it is right; else complains and returns false. */
    bool (*read)(const struct command_option *option, const char *text, void *value);
    size_t offset;        /* of the value in the struct of the program's options */
    uint64_t least, most; /* of a count or number */
};

struct command {
    const char *program;
    const char *const *forms; /* what may follow the program's name; ends with NULL */
    const char *purpose;
    const struct command_option *options; /* beside --help and --version; ends with one without a name */
    bool takes_operands;
    const char *failure;   /* when the exit status is COMMAND_FAILED */
    void (*explain)(void); /* prints what else the help has to say; NULL: nothing */
};

/* How the options are read that have no reader of their own. */
bool command_flag(const struct command_option *option, const char *text, void *value);     /* sets a bool */
bool command_text(const struct command_option *option, const char *text, void *value);     /* a const char * */
bool command_count(const struct command_option *option, const char *text, void *value);    /* a uint32_t */
bool command_number(const struct command_option *option, const char *text, void *value);   /* a uint64_t */
bool command_positive(const struct command_option *option, const char *text, void *value); /* a double above 0 */

/* Reads a whole number as command_number does; `what` names it in the complaint. */
bool command_read_number(const char *what, const char *text, uint64_t least, uint64_t most, uint64_t *number);

/* Sets what the options say in the struct `options`. Returns true where the program is to do its work; getopt's optind
 * is then the index of the first operand. Else all has been said, and *status is the exit status. */
bool command_read(const struct command *command, int argc, char **argv, void *options, enum command_status *status);

/* Prints the whole help. */
void command_help(const struct command *command);

/* Closes stdout, and returns the status; COMMAND_FAILED, with a complaint, where not all could be written. */
enum command_status command_finish(enum command_status status);

#endif
