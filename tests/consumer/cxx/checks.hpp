/* SPDX-License-Identifier: MIT */
// What the files of this program have in common.
#ifndef CHECKS_HPP
#define CHECKS_HPP

#include <cstddef>
#include <cstdio>
#include <cstring>
#include <vector>

inline int failures = 0;

inline void check(bool right, const char *what, int line)
{
    if (right)
        return;
    std::fprintf(stderr, "line %d: not %s\n", line, what);
    failures++;
}
#define CHECK(condition) check(condition, #condition, __LINE__)

inline const std::size_t length = 10007;

inline bool same(const std::vector<float> &a, const std::vector<float> &b)
{
    return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof a[0]) == 0);
}

inline std::vector<float> numbers(unsigned seed, std::size_t n = length)
{
    std::vector<float> made(n);
    for (float &number : made) {
        seed = seed * 1664525 + 1013904223;
        number = static_cast<float>(seed >> 8) / 8388608 - 1;
    }
    return made;
}

// The parts of the program, a file each.
void flat_steps();
void names();
void objects(const char *path);

#endif
