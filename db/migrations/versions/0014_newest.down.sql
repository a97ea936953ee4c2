drop index smelts_newest;
