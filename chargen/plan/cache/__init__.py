"""What the last plan found, kept under `.chargen/` so that the next one makes only what is not as it was.

Laws: no edit is ever hidden: imagery files, templates and settings count by their bytes, all other files by size, both
times and inode, and what changed just now is not kept; a cache is data and never trusted (it may come with a stranger's
project), so at worst it makes a plan say something wrong that the judge corrects before anything is spent; a command
that only reads uses it and never writes it.

Two files: the stamp, with which an up-to-date run knows without any planner that nothing has to be done, and the cache
proper: each imagery file's planned rows with all that was read for them.
"""
