-- The one user of a service on one's own machine, to whom the API gives this tier (the setting `local_user`). Nothing in
-- the database grants it, and nothing is charged to it: see `charged_when_terminal`.

alter type tier add value 'local';
