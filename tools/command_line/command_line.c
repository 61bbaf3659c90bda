/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* getopt_long */
#include "command_line.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "descend/descend.h"

enum { OPTIONS_MAX = 32, LONG_OPTION = 256 }; /* beyond the characters that getopt_long returns */

/* Where the program was started without one of the standard files, the next that it opens would get that number, and
 * what is printed would go into it. /dev/null takes the number, in the direction that is not used: so printing fails
 * as it does with a closed file. Before main, because MPI opens files there. */
__attribute__((constructor)) static void keep_standard_files(void)
{
    for (int file = STDIN_FILENO; file <= STDERR_FILENO; file++)
        if (fcntl(file, F_GETFD) < 0)
            (void)!open("/dev/null", file == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

enum { HELP, VERSION };
static const struct command_option everywhere[] = {
    [HELP] = {.name = "help", .meaning = "show this and exit"},
    [VERSION] = {.name = "version", .meaning = "show the version and exit"},
};

bool command_flag(const struct command_option *option, const char *text, void *value)
{
    (void)option, (void)text;
    *(bool *)value = true;
    return true;
}

bool command_text(const struct command_option *option, const char *text, void *value)
{
    (void)option;
    *(const char **)value = text;
    return true;
}

bool command_read_number(const char *what, const char *text, uint64_t least, uint64_t most, uint64_t *number)
{
    char *end = NULL;
    errno = 0;
    const bool digit = text[0] >= '0' && text[0] <= '9'; /* strtoumax would take blanks and signs */
    const uintmax_t read = digit ? strtoumax(text, &end, 10) : 0;
    if (!digit || *end != '\0' || errno != 0 || read < least || read > most) {
        complain_usage("%s '%s': must be a whole number from %" PRIu64 " to %" PRIu64, what, text, least, most);
        return false;
    }
    *number = read;
    return true;
}

bool command_number(const struct command_option *option, const char *text, void *value)
{
    char what[64];
    snprintf(what, sizeof what, "--%s", option->name);
    return command_read_number(what, text, option->least, option->most, value);
}

bool command_count(const struct command_option *option, const char *text, void *value)
{
    uint64_t number;
    if (!command_number(option, text, &number))
        return false;
    *(uint32_t *)value = (uint32_t)number;
    return true;
}

bool command_positive(const struct command_option *option, const char *text, void *value)
{
    char *end = NULL;
    errno = 0;
    const bool digit = (text[0] >= '0' && text[0] <= '9') || text[0] == '.'; /* no blanks, signs, "nan" or "inf" */
    const double number = digit ? strtod(text, &end) : 0;
    if (!digit || *end != '\0' || errno != 0 || !isfinite(number) || number <= 0) {
        complain_usage("--%s '%s': must be a number above 0", option->name, text);
        return false;
    }
    *(double *)value = number;
    return true;
}

static void print_options(const struct command_option *options, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char term[64];
        snprintf(term, sizeof term, "--%s%s%s", options[i].name, options[i].argument ? "=" : "",
                 options[i].argument ? options[i].argument : "");
        help_item(term, options[i].meaning);
    }
}

static size_t count_options(const struct command *command)
{
    size_t count = 0;
    while (command->options[count].name)
        count++;
    return count;
}

void command_help(const struct command *command)
{
    for (size_t i = 0; command->forms[i]; i++)
        printf("%s %s%s%s\n", i == 0 ? "Usage:" : "  or: ", command->program, *command->forms[i] ? " " : "",
               command->forms[i]);
    help_text(command->purpose);
    help_heading("Options");
    print_options(command->options, count_options(command));
    print_options(everywhere, sizeof everywhere / sizeof *everywhere);
    if (command->explain)
        command->explain();
    help_heading("Exit status");
    help_item("0", "all went well");
    help_item("1", command->failure);
    help_item("2", "the command line is wrong; nothing was begun");
}

/* Of what getopt_long has returned '?' or ':' for. */
static void complain_of_option(int result, char **argv)
{
    if (optopt > 0 && optopt < LONG_OPTION)
        complain_usage("-%c: no such option", optopt);
    else if (result == ':')
        complain_usage("%s: its argument is missing", argv[optind - 1]);
    else if (optopt >= LONG_OPTION)
        complain_usage("%s: the option takes no argument", argv[optind - 1]);
    else
        complain_usage("%s: no such option, or the beginning of several", argv[optind - 1]);
}

static void answer(const struct command *command, size_t question)
{
    if (question == HELP)
        command_help(command);
    else
        printf("%s (descend) %s\n", command->program, descend_version_string());
}

static bool read_options(const struct command *command, int argc, char **argv, void *values, bool *answered)
{
    struct option rows[OPTIONS_MAX + 1] = {{0}};
    const size_t own = count_options(command), count = own + sizeof everywhere / sizeof *everywhere;
    for (size_t i = 0; i < count && i < OPTIONS_MAX; i++) {
        const struct command_option *option = i < own ? &command->options[i] : &everywhere[i - own];
        rows[i] = (struct option){option->name, option->argument ? required_argument : no_argument, NULL,
                                  LONG_OPTION + (int)i};
    }
    opterr = 0;
    for (int result; (result = getopt_long(argc, argv, ":", rows, NULL)) != -1;) {
        if (result < LONG_OPTION) {
            complain_of_option(result, argv);
            return false;
        }
        const size_t index = (size_t)(result - LONG_OPTION);
        *answered = index >= own;
        if (*answered) {
            answer(command, index - own);
            return true;
        }
        const struct command_option *option = &command->options[index];
        if (!option->read(option, optarg, (char *)values + option->offset))
            return false;
    }
    return true;
}

bool command_read(const struct command *command, int argc, char **argv, void *options, enum command_status *status)
{
    bool answered = false;
    complain_as(command->program);
    *status = COMMAND_DONE;
    if (!read_options(command, argc, argv, options, &answered)) {
        *status = COMMAND_WRONG;
    } else if (!answered && !command->takes_operands && optind < argc) {
        complain_usage("'%s': not an option", argv[optind]);
        *status = COMMAND_WRONG;
    }
    return !answered && *status == COMMAND_DONE;
}

enum command_status command_finish(enum command_status status)
{
    errno = 0;
    const bool failed = ferror(stdout);
    if (fclose(stdout) == 0 && !failed)
        return status;
    complain("standard output: %s", errno ? strerror(errno) : "cannot write");
    return COMMAND_FAILED;
}
