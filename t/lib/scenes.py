"""scenes.py - all scenes by number

SPDX-License-Identifier: BSD-2-Clause
"""
from scene_frontends import FrontEnds
from scene_offices import Offices
from scene_provider import Provider
from scene_twoway import TwoWay

SCENES = {1: Offices, 2: Provider, 3: TwoWay, 4: FrontEnds}
