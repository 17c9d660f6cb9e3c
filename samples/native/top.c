/* libtop.so: is linked with libbase.so (DT_NEEDED). */
int base_scale(int value);

int top_scale(int value)
{
	return base_scale(value) + 1;
}
