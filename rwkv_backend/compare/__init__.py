"""Models side by side: the same prompt, the same text and the same questions for each, and a report of what came out.

records.py      what travels to a window and into a report; no torch
tasks.py        one task on one open model, each a generator that can be stopped by closing it
                    write(model, tokenizer, settings)            -> Progress | Step ..., Written
                    read_text(model, tokenizer, text, settings)  -> Progress ..., TextResult
                    time_speed(model, settings)                  -> Progress ..., SpeedResult
                    weigh(model, settings)                       -> Progress ..., MemoryResult
                    look_at_decay(model, tokenizer, text)        -> Progress ..., Forgetting
needle.py           recall(model, tokenizer, text, settings)     -> Progress ..., NeedleCurve
comparing.py    measure(model, tokenizer, text, settings, place) -> CompareEvent ..., ModelResult     all tasks, one model
                compare(choices, text, settings, text_name)      -> CompareEvent ..., Comparison      all models in turn
                assemble(results, text, settings, text_name, complete) -> Comparison      of results that are there
differences.py  features(model) -> Features: a column of the table of what changed between the versions
report.py       write_report(comparison, folder) -> the files written: HTML, Markdown, CSV and PNG
"""
