/* What saving and loading take of the thread that calls them: no cancellation half-way. */
#include <pthread.h>

#include "checkpoint/scene.h"
#include "test.h"

/* Two calls in a thread. */
struct calls {
    struct scene scene;
    descend_status saved, loaded;
    int cancel_state; /* after them */
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(cancellation_waits)};
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
