#!/usr/bin/python3
"""demo_scene.py - shows one of the situations that sdr is for, as its chapter in doc/ has it

    demo_scene.py NUMBER

All hosts are namespaces of this machine, below a temporary folder, and are gone
at the end. Exits 1 if a message was lost or came twice.

SPDX-License-Identifier: BSD-2-Clause
"""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / 'lib'))

import paths
from scene import sound, summary
from scenes import SCENES


def main():
    scene = SCENES.get(int(sys.argv[1])) if len(sys.argv) == 2 and sys.argv[1].isdigit() else None
    if not scene:
        print(f'usage: demo_scene.py {"|".join(map(str, SCENES))}', file=sys.stderr)
        return 64
    print(f'The chapter doc/{scene.chapter}.md, line by line:', flush=True)
    with paths.scratch() as folder:
        outcomes = scene(folder, lambda text: print(text, flush=True)).run()
    print('\n' + summary(outcomes))
    return 0 if sound(outcomes) else 1


if __name__ == '__main__':
    sys.exit(main())
