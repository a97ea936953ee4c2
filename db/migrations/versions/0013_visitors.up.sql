-- Nobody lists a visitor's smelts, so nobody but the reconciler would ever delete one whose content has been deleted.
create index smelts_visitors on smelts (content_expires_at) where tier = 'anonymous' and content_key is null;
