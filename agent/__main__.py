"""`python -m agent` is `device-health`.

`run` does this, again and again, in `agent.service`:

    snapshot = runner.cycle()                                   # probes give readings
    verdicts = evaluate(rules, snapshot, known, growth)         # rules give verdicts
    alerts, transitions = tracker.track(verdicts, elapsed, now) # alerts give transitions
    announced = policy.announce(alerts, transitions, now)       # minus what is explained, muted or held back
    publisher.publish(Update(...))                              # outputs tell people and programs
"""

from agent.cli import main

if __name__ == "__main__":
    main()
