-- The bound is SHORT_OUTPUT_SECONDS of pipeline/fairness.py; a test compares them.
create index smelt_outputs_claim_short on smelt_outputs (fair_key, id) where status = 'pending' and cost <= 30;
