/* SPDX-License-Identifier: MIT */
/* Numbers as text: the text that C's printf would give in the C locale, exactly the number again, in any locale. */
#include <locale.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/files.h"
#include "data.h"
#include "numerals.h"
#include "test.h"

/* NaN's payload and sign are not kept. */
static void check_double(double value)
{
    char text[DESCEND_NUMERAL], wanted[64];
    const size_t size = descend_double_to_text(value, text);
    assert_int_equal(size, strlen(text));
    if (value != value)
        strcpy(wanted, "nan");
    else
        snprintf(wanted, sizeof wanted, "%a", value);
    assert_string_equal(text, wanted);

    double back = 0, standard = strtod(text, NULL);
    assert_true(descend_text_to_double(text, size, &back));
    if (value != value) {
        assert_true(back != back);
    } else {
        assert_memory_equal(&back, &value, sizeof value);
        assert_memory_equal(&back, &standard, sizeof value);
    }
}

static void check_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    check_double(value);
}

static void doubles(void **state)
{
    (void)state;
    static const double some[] = {0.0, -0.0, 0.1, 1, -1, 0.999, 1e-8, 1e308, 2.2250738585072014e-308, 5e-324, -5e-324};
    for (size_t i = 0; i < COUNT(some); i++)
        check_double(some[i]);
    /* every exponent, with fractions that end at every digit */
    for (uint64_t exponent = 0; exponent < 4096; exponent++)
        for (int shift = 0; shift <= 52; shift += 4) {
            check_bits(exponent << 52 | ((UINT64_C(1) << 52) - (UINT64_C(1) << shift)));
            check_bits(exponent << 52 | ((UINT64_C(1) << shift) & 0xfffffffffffff));
        }
    uint64_t seed = 42;
    for (int i = 0; i < 300000; i++)
        check_bits(random_bits(&seed));
}

static const char *const bad_doubles[] = {"",
                                          " 0x1p+0",
                                          "0x1p+0 ",
                                          "0x1p0",
                                          "0x1p+",
                                          "0x1p+00",
                                          "0x1p+1024",
                                          "0x1p-1023",
                                          "0x1.p+0",
                                          "0x1.0p",
                                          "0x1.0",
                                          "0x2p+0",
                                          "0x1.8P+0",
                                          "0X1p+0",
                                          "0x1.Ap+0",
                                          "+0x1p+0",
                                          "--0x1p+0",
                                          "1",
                                          "0.5",
                                          "0x1,8p+0",
                                          "0x0p+1",
                                          "0x0p-1022",
                                          "0x0.1p+0",
                                          "0x0.1p-1023",
                                          "0x1p+1e3",
                                          "infinity",
                                          "INF",
                                          "-nan",
                                          "nan(1)",
                                          "in",
                                          "inff",
                                          "0x",
                                          "0x.8p+0",
                                          "0x1.8.p+0",
                                          "0x01p+0",
                                          "0x1p+-1",
                                          "0x1.8p+0f",
                                          "1p+0",
                                          "-",
                                          "-0x",
                                          "0x1p+99999999999999999999",
                                          "0x1.00000000000000p+0",
                                          "0x1.fffffffffffff8p+0"};

static void refused_doubles(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad_doubles); i++) {
        double value = 7;
        if (descend_text_to_double(bad_doubles[i], strlen(bad_doubles[i]), &value) || value != 7)
            fail_msg("'%s' was taken for %a", bad_doubles[i], value);
    }
}

static void doubles_as_python_writes_them(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } good[] = {
        {"0x0.0p+0", 0.0}, {"0x1.0000000000000p+0", 1.0}, {"0x0.0000000000001p-1022", 5e-324}, {"-inf", -INFINITY}};
    for (size_t i = 0; i < COUNT(good); i++) {
        double value = 7;
        assert_true(descend_text_to_double(good[i].text, strlen(good[i].text), &value));
        assert_true(value == good[i].value);
    }
}

/* A text is read to its size, not to a '\0', and one '\0' within is no digit. */
static void sizes(void **state)
{
    (void)state;
    double value;
    uint64_t number;
    uint32_t word;
    assert_true(descend_text_to_double("0x1p+12", 6, &value));
    assert_true(value == 2);
    assert_false(descend_text_to_double("0x1.\0p+0", 8, &value));
    assert_true(descend_text_to_uint64("1234", 2, &number));
    assert_int_equal(number, 12);
    assert_false(descend_text_to_uint64("1\0", 2, &number));
    assert_false(descend_hex_to_uint32("0000000\0", &word));
}

static void check_integer(uint64_t value)
{
    char text[DESCEND_NUMERAL], wanted[32];
    snprintf(wanted, sizeof wanted, "%llu", (unsigned long long)value);
    const size_t size = descend_uint64_to_text(value, text);
    assert_string_equal(text, wanted);
    assert_int_equal(size, strlen(text));
    uint64_t back;
    assert_true(descend_text_to_uint64(text, size, &back));
    assert_true(back == value);
}

static void integers(void **state)
{
    (void)state;
    check_integer(0);
    for (int bit = 0; bit < 64; bit++) {
        check_integer(UINT64_C(1) << bit);
        check_integer((UINT64_C(1) << bit) - 1);
        check_integer(-(UINT64_C(1) << bit));
    }
    for (uint64_t power = 1; power <= UINT64_MAX / 10; power *= 10) {
        check_integer(power);
        check_integer(power * 10 - 1);
    }
    static const char *const bad[] = {"",
                                      "00",
                                      "01",
                                      "-1",
                                      "+1",
                                      " 1",
                                      "1 ",
                                      "1.0",
                                      "1e3",
                                      "0x1",
                                      "a",
                                      "18446744073709551616",
                                      "18446744073709551620",
                                      "99999999999999999999",
                                      "100000000000000000000000000000000000000000"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        uint64_t value = 7;
        if (descend_text_to_uint64(bad[i], strlen(bad[i]), &value) || value != 7)
            fail_msg("'%s' was taken for an integer", bad[i]);
    }
}

static void words(void **state)
{
    (void)state;
    for (uint64_t value = 0; value <= UINT32_MAX; value += 65521) {
        char text[DESCEND_HEX_DIGITS], wanted[16];
        uint32_t back;
        snprintf(wanted, sizeof wanted, "%08x", (unsigned)value);
        descend_uint32_to_hex((uint32_t)value, text);
        assert_memory_equal(text, wanted, sizeof text);
        assert_true(descend_hex_to_uint32(text, &back));
        assert_int_equal(back, value);
    }
    static const char *const bad[] = {"0000000A", "0000000g", "-0000001", "0x000001", " 0000001"};
    uint32_t word;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(descend_hex_to_uint32(bad[i], &word));
}

static bool enter_comma_locale(void)
{
    static const char *const names[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE"};
    for (size_t i = 0; i < COUNT(names); i++)
        if (setlocale(LC_ALL, names[i]) != NULL && *localeconv()->decimal_point == ',')
            return true;
    return false;
}

static void a_decimal_comma(void **state)
{
    (void)state;
    if (!enter_comma_locale()) {
        (void)!system("localedef -i de_DE -f UTF-8 ./de_DE.UTF-8 >localedef.log 2>&1"); /* seen in what follows */
        setenv("LOCPATH", ".", 1);
    }
    if (!enter_comma_locale()) {
        print_message("skipped: no locale with a decimal comma, and no localedef (Debian's locales) to make one\n");
        skip();
    }
    char text[DESCEND_NUMERAL];
    double value;
    descend_double_to_text(0.1, text);
    assert_string_equal(text, "0x1.999999999999ap-4");
    assert_true(descend_text_to_double(text, strlen(text), &value));
    assert_true(value == 0.1);
    assert_false(descend_text_to_double("0x1,8p+0", 8, &value));
    setlocale(LC_ALL, "C");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubles),
        cmocka_unit_test(refused_doubles),
        cmocka_unit_test(doubles_as_python_writes_them),
        cmocka_unit_test(sizes),
        cmocka_unit_test(integers),
        cmocka_unit_test(words),
        cmocka_unit_test(a_decimal_comma),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
