"""Questions asked of a model and its state. Each long one is a generator of Progress that returns its answer.

What they answer is in `records`, free of torch. None of them changes the state it is given: they work on copies.

    lens.logit_lens(model, tokens, tokenizer=None, *, state=None, layers=None, first=0, top=10) -> LensTable
    influence.influence_map(model, tokens, layer, head=None, *, measure="share", state=None) -> InfluenceMap
    influence.token_influence(model, tokens, *, state=None) -> TokenInfluence
    leave_one_out.leave_one_out(model, tokens, *, target=None, state=None) -> LeaveOneOut     (yields partial ones too)
    state_diff.compare_states(before, after) -> StateDifference                                (at once)
    state_diff.difference_map(before, after, field, measure="") -> Labelled                    (at once)
    state_diff.next_word_change(before_logits, after_logits, tokenizer=None, count=10) -> NextWordChange   (at once)
    state_diff.change_after(model, before, after, tokens, tokenizer=None, count=10) -> NextWordChange      (at once)
    state_edit.apply(model, state, edit, target=Target(), other=None) -> State                 (at once; a new state)
    state_edit.editable_fields(model) -> tuple[StateField, ...]                                (at once)
    ablation.ablation_sweep(model, context, following, *, by_head=False, fields=None, period=None) -> AblationSweep
    patching.patch_sweep(model, tokens, other_tokens, target, *, read=1, by_head=False, fields=None) -> PatchSweep
    patching.where_remembered(model, tokens, positions, *, target=None, replacement=None, read=1) -> WhereRemembered
    statistics.state_statistics(model, state, *, probe=None, horizons=…) -> StateStatistics    (at once)
    recipes.recipe(shown) -> str                                                               (at once; free of torch)
    finish.finish(job) -> its answer                                                           (for scripts)

The sweeps and leave_one_out yield, between their Progress, the answer as far as it is known (NaN where it is not yet):
whoever stops them keeps that.
"""
