/* SPDX-License-Identifier: MIT */
/* CRC-32 against zlib's, and against its published check value. */
#include <stdint.h>
#include <stdlib.h>

#include "test.h"
#include <zlib.h>

#include "crc32.h"
#include "data.h"

enum { SIZE = 70000 };

static unsigned char data[SIZE];

static struct descend_crc32 tables;

static uint32_t sum(const void *bytes, size_t size)
{
    return descend_crc32(&tables, 0, bytes, size);
}

static void check_value(void **state)
{
    (void)state;
    assert_int_equal(sum("123456789", 9), 0xcbf43926);
    assert_int_equal(sum(NULL, 0), 0);
}

static void zlibs(void **state)
{
    (void)state;
    for (size_t size = 0; size < 300; size++)
        for (size_t start = 0; start < 9; start++)
            assert_int_equal(sum(data + start, size), crc32(0, data + start, (uInt)size));
    assert_int_equal(sum(data, SIZE), crc32(0, data, SIZE));
}

/* The pieces of every kind of length, one after the other, and the same in any order. */
static void in_pieces(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (int i = 0; i < 100; i++) {
        uint32_t in_order = 0, forwards = 0, backwards = 0;
        for (size_t at = 0, piece; at < SIZE; at += piece) {
            piece = random_bits(&seed) % (i < 50 ? 20 : 20000);
            piece = piece < SIZE - at ? piece : SIZE - at;
            in_order = descend_crc32(&tables, in_order, data + at, piece);
            forwards ^= descend_crc32_followed(&tables, sum(data + at, piece), SIZE - at - piece);
            backwards ^= descend_crc32_followed(&tables, sum(data + SIZE - at - piece, piece), at);
        }
        assert_int_equal(in_order, crc32(0, data, SIZE));
        assert_int_equal(forwards, in_order);
        assert_int_equal(backwards, in_order);
    }
}

static void followed_by_any_number(void **state)
{
    (void)state;
    static const uint64_t counts[] = {
        0, 1, 2, 3, 255, 65536, UINT64_C(1) << 31, (UINT64_C(1) << 32) + 5, (UINT64_C(1) << 62) - 1};
    for (size_t i = 0; i < COUNT(counts); i++)
        for (uint32_t piece = 1; piece != 0; piece <<= 1)
            assert_int_equal(descend_crc32_followed(&tables, piece, counts[i]),
                             crc32_combine(piece, 0, (z_off_t)counts[i]));
    /* a number that zlib has no type for: as often as the powers of x repeat */
    assert_int_equal(descend_crc32_followed(&tables, 0xcbf43926, UINT64_MAX), 0xcbf43926);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_value),
        cmocka_unit_test(zlibs),
        cmocka_unit_test(in_pieces),
        cmocka_unit_test(followed_by_any_number),
    };
    uint64_t seed = 1;
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (unsigned char)random_bits(&seed);
    descend_crc32_init(&tables);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
