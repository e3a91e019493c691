CREATE TABLE params (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(250) NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT param_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
)