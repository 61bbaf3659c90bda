/* SPDX-License-Identifier: MIT */
/* What saving and loading take of the thread that calls them: little stack, and no cancellation half-way. */
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "checkpoint/scene.h"
#include "test.h"

/* Two calls in a thread. */
struct calls {
    struct scene scene;
    descend_status saved, loaded;
    int cancel_state; /* after them */
    const unsigned char *stack;
    size_t stack_used;
};

static void save_and_load(struct calls *calls)
{
    calls->saved = descend_optimizer_save(calls->scene.saved.optimizer, FILE_PATH, &calls->scene.with);
    calls->loaded = descend_optimizer_load(calls->scene.mirror.optimizer, FILE_PATH, &calls->scene.with);
}

static void *cancelled(void *argument)
{
    struct calls *calls = argument;
    pthread_cancel(pthread_self()); /* takes effect at the first function that is a cancellation point */
    save_and_load(calls);
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &calls->cancel_state);
    pthread_testcancel();
    return NULL;
}

static void *not_to_be_cancelled(void *argument)
{
    struct calls *calls = argument;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &calls->cancel_state);
    save_and_load(calls);
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &calls->cancel_state);
    return NULL;
}

static void check_cancellation(const struct configuration *configuration)
{
    struct calls calls;
    pthread_t thread;
    void *result;
    scene_make(&calls.scene, configuration);
    calls.scene.scaler = scene_scaler; /* is in the file that is saved again */
    calls.saved = calls.loaded = DESCEND_NO_MEMORY;
    const size_t descriptors = open_descriptors();
    assert_int_equal(pthread_create(&thread, NULL, cancelled, &calls), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, PTHREAD_CANCELED);
    assert_int_equal(calls.saved, DESCEND_OK);
    assert_int_equal(calls.loaded, DESCEND_OK);
    assert_int_equal(calls.cancel_state, PTHREAD_CANCEL_ENABLE);
    assert_loaded(&calls.scene, "while cancelled");
    assert_entries(1);
    assert_int_equal(open_descriptors(), descriptors);

    assert_int_equal(pthread_create(&thread, NULL, not_to_be_cancelled, &calls), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(calls.cancel_state, PTHREAD_CANCEL_DISABLE);
    scene_free(&calls.scene);
}

static void cancellation_waits(void **state)
{
    (void)state;
    for_each_fullest(check_cancellation);
}

enum { STACK = 1 << 18, STACK_MAX = 16384, PAINT = 0xa5, NOTES = 500 };

/* Their keys are beginnings of each other: each byte by which they are sorted divides one from all others. */
static void fill_notes(descend_note notes[NOTES])
{
    static char longest[NOTES + 1];
    memset(longest, 'a', NOTES);
    for (size_t i = 0; i < NOTES; i++)
        notes[i] = (descend_note){.key = longest + i, .value = ""};
}

static void *measured(void *argument)
{
    struct calls *calls = argument;
    const unsigned char here = 0, *lowest = calls->stack;
    save_and_load(calls);
    while (*lowest == PAINT)
        lowest++;
    calls->stack_used = (size_t)(&here - lowest);
    return NULL;
}

static void check_stack(const struct configuration *configuration)
{
    struct calls calls;
    descend_note notes[NOTES];
    pthread_attr_t attributes;
    pthread_t thread;
    scene_make(&calls.scene, configuration);
    calls.scene.scaler = scene_scaler;
    fill_notes(notes);
    calls.scene.with.notes = notes, calls.scene.with.note_count = NOTES;
    save_and_load(&calls); /* so that the dynamic linker has found all functions */
    void *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(stack, MAP_FAILED);
    calls.stack = memset(stack, PAINT, STACK);
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstack(&attributes, stack, STACK), 0);
    assert_int_equal(pthread_create(&thread, &attributes, measured, &calls), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(calls.saved, DESCEND_OK);
    assert_int_equal(calls.loaded, DESCEND_OK);
    print_message("%s: %zu bytes of stack\n", configuration->optimizer, calls.stack_used);
    assert_true(calls.stack_used < STACK_MAX);
    pthread_attr_destroy(&attributes);
    munmap(stack, STACK);
    scene_free(&calls.scene);
}

static void little_stack(void **state)
{
    (void)state;
    for_each_fullest(check_stack);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cancellation_waits), cmocka_unit_test(little_stack)};
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
