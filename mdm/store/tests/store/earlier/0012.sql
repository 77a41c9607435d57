-- A server that held the lease of the resolver and is gone.
INSERT INTO leases (name, holder, epoch, until_us) VALUES ('resolver', 'word', 3, 7900);
