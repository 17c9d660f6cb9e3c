/* libbase.so: what libtop.so needs. */
int base_scale(int value)
{
	return value * 3;
}
