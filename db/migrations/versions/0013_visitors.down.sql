drop index smelts_visitors;
