"""The companion: one small process for each logged-in user, which tells the person at the desk what the agent says.

The agent's long poll gives `News` (`news`); the pure core compares it with what was told here (`plan`) and answers with
what to tell, finish or withdraw; `companion` does that by a notification (`notifier`), else the status page
(`browser`), else the user's terminals (`terminals_posix`), and tells the agent which way it went, who closed it and
who acknowledged it. Once a minute it reads what only a session can know (`session`).

It knows the agent through the local API alone, runs as a process of its own (`python -m agent.desktop`) and imports
little: it is there all day.
"""
