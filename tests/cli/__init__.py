"""The command line as scripts meet it: arguments in, exit status, standard output and standard error out."""
