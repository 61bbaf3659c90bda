/* SPDX-License-Identifier: MIT */
/*
 * A treap (Seidel and Aragon, "Randomized search trees", 1996), sorted by the addresses at which spans begin. The
 * priorities, which keep it balanced, are hashes of the nodes' own addresses. As each node knows the greatest end in
 * its subtree, it is an interval tree, too (Cormen et al., "Introduction to Algorithms", 14.3).
 */
#include "optimizer/spans.h"

#include "random.h"

static uint64_t priority(const struct span *span)
{
    return random_mix((uintptr_t)span);
}

/* The order of the tree; spans that begin at the same address are ordered by their own. */
static bool is_before(const struct span *a, const struct span *b)
{
    return a->begin != b->begin ? a->begin < b->begin : (uintptr_t)a < (uintptr_t)b;
}

static void find_greatest_end(struct span *span)
{
    span->greatest_end = span->end;
    if (span->lower && span->lower->greatest_end > span->greatest_end)
        span->greatest_end = span->lower->greatest_end;
    if (span->higher && span->higher->greatest_end > span->greatest_end)
        span->greatest_end = span->higher->greatest_end;
}

/* Divides a tree into what is before `at` and what is not. */
static void split(struct span *tree, const struct span *at, struct span **lower, struct span **higher)
{
    if (tree == NULL) {
        *lower = *higher = NULL;
        return;
    }
    if (is_before(tree, at)) {
        *lower = tree;
        split(tree->higher, at, &tree->higher, higher);
    } else {
        *higher = tree;
        split(tree->lower, at, lower, &tree->lower);
    }
    find_greatest_end(tree);
}

/* Joins two trees, of which the first is before the second. */
static struct span *join(struct span *lower, struct span *higher)
{
    if (lower == NULL || higher == NULL)
        return lower ? lower : higher;
    struct span *const root = priority(lower) > priority(higher) ? lower : higher;
    if (root == lower)
        root->higher = join(lower->higher, higher);
    else
        root->lower = join(lower, higher->lower);
    find_greatest_end(root);
    return root;
}

bool descend_spans_overlap(const struct span *root, const void *data, size_t bytes)
{
    const uintptr_t begin = (uintptr_t)data, end = begin + bytes;
    while (bytes > 0 && root && !(root->begin < end && begin < root->end))
        root = root->lower && root->lower->greatest_end > begin ? root->lower : root->higher;
    return bytes > 0 && root;
}

static struct span *insert(struct span *tree, struct span *span)
{
    if (tree == NULL || priority(span) > priority(tree)) {
        split(tree, span, &span->lower, &span->higher);
        tree = span;
    } else if (is_before(span, tree)) {
        tree->lower = insert(tree->lower, span);
    } else {
        tree->higher = insert(tree->higher, span);
    }
    find_greatest_end(tree);
    return tree;
}

static struct span *without(struct span *tree, struct span *span)
{
    if (tree == span)
        return join(span->lower, span->higher);
    if (is_before(span, tree))
        tree->lower = without(tree->lower, span);
    else
        tree->higher = without(tree->higher, span);
    find_greatest_end(tree);
    return tree;
}

void descend_spans_insert(struct span **root, struct span *span, const void *data, size_t bytes)
{
    span->begin = (uintptr_t)data;
    span->end = span->begin + bytes;
    *root = insert(*root, span);
}

void descend_spans_remove(struct span **root, struct span *span)
{
    *root = without(*root, span);
}
