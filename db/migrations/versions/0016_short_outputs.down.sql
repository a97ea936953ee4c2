drop index smelt_outputs_claim_short;
