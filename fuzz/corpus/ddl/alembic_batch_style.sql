CREATE TABLE "_alembic_tmp_runs" (
	run_uuid VARCHAR(32) NOT NULL, 
	deleted_time BIGINT, 
	CONSTRAINT run_pk PRIMARY KEY (run_uuid), 
	CHECK (source_type IN ('NOTEBOOK', 'JOB')), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id)
, experiment_id INTEGER, source_type VARCHAR(20))