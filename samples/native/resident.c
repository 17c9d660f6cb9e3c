/* libresident.so: linked with -z nodelete, as libraries are that start threads or register handlers. */
int resident_version(void)
{
	return 3;
}
