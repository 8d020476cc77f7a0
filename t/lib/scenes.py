"""scenes.py - all of them, by their number

SPDX-License-Identifier: BSD-2-Clause
"""
from scene_offices import Offices

SCENES = {1: Offices}
