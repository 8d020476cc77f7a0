team@example.com: tina@example.com, uwe@example.com
