# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  record_type:
    type: list
    elements: str
    choices:
      - COLLECTION
      - MEDIA_ITEM
      - COLLECTION_MEDIA_RELATION
      - RENDITION
      - VERSION
      - FAVORITE
      - KEYWORD
      - CUSTOM_URL
      - MEDIA_TYPE
      - MEDIA_TYPE_GROUP
      - RESOURCE
      - PERMISSION
  csv_safe:
    type: bool
    default: true
    description:
      - Put an apostrophe before a value that a spreadsheet would run as a formula. Numbers stay as they are.
  csv_bom:
    type: bool
    default: false
    description:
      - Begin the file with a byte order mark, which Excel needs to read it as UTF-8.
  csv_printable:
    type: bool
    default: false
    description:
      - Write control characters, line breaks, direction marks and whatever else cannot be seen as escapes such as
        C(\u001b) in a CSV, which a terminal cannot take for commands. Without it texts stand in the file as they are.
  backup:
    type: bool
    default: false
    description:
      - Keep a copy of the old file, with a time in its name.
"""
