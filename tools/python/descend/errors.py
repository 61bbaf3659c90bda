# SPDX-License-Identifier: MIT
"""What this package raises."""


class Error(Exception):
    """Its text is one line."""


class Refused(Error):
    """A status of the library other than DESCEND_OK."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status
