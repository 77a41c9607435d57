-- What the model of citizens said.
INSERT INTO declared_models (entity, number, version, body, migrations, recorded_us) VALUES ('citizen', 1, 1,
'{"label":"full_name","attributes":[{"name":"full_name","kind":"person_name","class":"personal"},{"name":"district","kind":"district"}],"survivorship":[],"status_default":"active","status_rules":[],"trust":{"food":{"full_name":0.5}}}',
'[]', 7820);
UPDATE hub_clock SET last_us = 7820;
