# Copyright (c) 2026, dxops.dam_staging contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Sphinx's settings for the site that ``dev.py docs`` builds, without a network: other documentation is not asked."""

project = "dxops.dam_staging"
copyright = "2026, dxops.dam_staging contributors"  # noqa: A001 - Sphinx's name
title = html_short_title = "dxops.dam_staging"
extensions = ["sphinx_antsibull_ext"]
pygments_style = "ansible"
highlight_language = "YAML+Jinja"
html_theme = "sphinx_ansible_theme"
html_show_sphinx = False
html_use_modindex = False
html_use_index = False
html_copy_source = False
default_role = "any"
nitpicky = True
# References into the documentation of Ansible and of other collections.
nitpick_ignore_regex = [
    (r"std:ref", r"ansible_collections\.(?!dxops\.dam_staging\.).*"),
    (r"std:ref", r"action_plugins|ansible_configuration_settings|common_return_values"),
    (r"std:envvar", r"ANSIBLE_\w+"),
]
