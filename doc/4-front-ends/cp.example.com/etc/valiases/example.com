postmaster@example.com: rosa@example.com
abuse@example.com: rosa@example.com
team@example.com: tina@example.com, uwe@example.com
