/* SPDX-License-Identifier: MIT */
/* Statuses as values or exceptions, and names that need not end in a NUL. This is a part of descend.hpp. */
#ifndef DESCEND_STATUS_HPP
#define DESCEND_STATUS_HPP

#include <exception>
#include <memory>
#include <new>
#include <string_view>
#include <utility>

#include "descend/descend.h"

namespace descend
{

#ifdef __cpp_exceptions
/* What or_throw throws. */
class error : public std::exception
{
  public:
    /* Of that status. */
    explicit error(descend_status code) noexcept : code_(code)
    {
    }
    /* The status. */
    descend_status code() const noexcept
    {
        return code_;
    }
    /* Its one line of English. */
    const char *what() const noexcept override
    {
        return descend_status_string(code_);
    }

  private:
    descend_status code_;
};
#endif

/* What a function returns. */
class [[nodiscard]] status
{
  public:
    /* From a status of the C library, also implicitly. */
    status(descend_status code = DESCEND_OK) noexcept : code_(code)
    {
    }
    /* Whether there was no error. */
    bool ok() const noexcept
    {
        return code_ == DESCEND_OK;
    }
    /* Which error; the number of the C library. */
    descend_status code() const noexcept
    {
        return code_;
    }
    /* One line of English. */
    const char *message() const noexcept
    {
        return descend_status_string(code_);
    }
#ifdef __cpp_exceptions
    /* Throws descend::error where there was one. */
    void or_throw() const
    {
        if (!ok())
            throw error(code_);
    }
#endif

  private:
    descend_status code_;
};

/* A status and a value, which is value-initialised (0, or an empty optimizer) where the status is not ok. To take both:
 * auto [status, group] = optimizer.group(config); */
template <class T> struct [[nodiscard]] result {
    descend::status status;
    T value;

    bool ok() const noexcept
    {
        return status.ok();
    }
    descend_status code() const noexcept
    {
        return status.code();
    }
    const char *message() const noexcept
    {
        return status.message();
    }
#ifdef __cpp_exceptions
    /* The value; throws descend::error where the status is not ok. */
    T or_throw() &&
    {
        status.or_throw();
        return std::move(value);
    }
#endif
};

namespace detail
{

/* A copy of a name that ends in a NUL. */
class terminated
{
  public:
    explicit terminated(std::string_view text) : has_nul_(text.find('\0') != std::string_view::npos)
    {
        if (text.size() >= sizeof short_)
            long_.reset(new (std::nothrow) char[text.size() + 1]);
        copy_ = text.size() < sizeof short_ ? short_ : long_.get();
        if (copy_) {
            text.copy(copy_, text.size());
            copy_[text.size()] = '\0';
        }
    }
    terminated(const terminated &) = delete;
    terminated &operator=(const terminated &) = delete;

    /* Calls function(name); where there is no such name, returns `refusal` instead. */
    template <class Function> status call(descend_status refusal, Function function) const
    {
        return has_nul_ ? refusal : !copy_ ? DESCEND_NO_MEMORY : function(static_cast<const char *>(copy_));
    }

  private:
    bool has_nul_;
    char short_[256];
    char *copy_;
    std::unique_ptr<char[]> long_;
};

} // namespace detail

} // namespace descend

#endif
