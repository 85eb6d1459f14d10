"""A tree of timelines: each branch shares its past with the one that it left.

As a Session offers it to a window (n: a number of tokens of the present branch; all but generators return at once):

    session.records(since=0)              TokenRecords of the present branch
    session.conversation                  TurnRecords, in chat
    session.info()                        TimelineInfo
    session.branches.infos()              BranchInfos
    session.rewind(n)                     forget what comes after
    session.fork(n, token=None, name="")  a new branch, now present; `token` is put there as if the model had written it
    session.switch(id)  session.rename(id, name)  session.delete(id)
    session.settle()                      generator of Progress: the short re-read after any of these; writing does it itself
    session.look(n, probe=None)           a timeline.Moment; the live state is not touched
    session.measure(start, end)           generator of Progress: completes the records of what was read in chunks
    session.go_on(settings)               generator of events: writes on from where the present branch ends
    session.regenerate(settings=None)     generator of events: the last answer once more
    session.replace_state(state)          go on from an edited state; a checkpoint that stays
    session.budget = bytes
"""
