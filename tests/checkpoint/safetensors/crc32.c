/* CRC-32 against zlib's, and against its published check value. */
#include <stdint.h>
#include <stdlib.h>

#include "test.h"
#include <zlib.h>

#include "crc32.h"
#include "data.h"

enum { SIZE = 70000 };

static unsigned char data[SIZE];

static uint32_t sum(const void *bytes, size_t size)
{
    struct descend_crc32 crc;
    descend_crc32_start(&crc);
    descend_crc32_add(&crc, bytes, size);
    return descend_crc32_value(&crc);
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

static void in_pieces(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (int i = 0; i < 100; i++) {
        struct descend_crc32 crc;
        descend_crc32_start(&crc);
        for (size_t at = 0, piece; at < SIZE; at += piece) {
            piece = random_bits(&seed) % (i < 50 ? 20 : 20000);
            piece = piece < SIZE - at ? piece : SIZE - at;
            descend_crc32_add(&crc, data + at, piece);
        }
        assert_int_equal(descend_crc32_value(&crc), crc32(0, data, SIZE));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_value),
        cmocka_unit_test(zlibs),
        cmocka_unit_test(in_pieces),
    };
    uint64_t seed = 1;
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (unsigned char)random_bits(&seed);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
