/* The program of the quickstart's image: static, so that it needs nothing around it. */
#include <stdio.h>

int main(void) {
  puts("Hello from an image that Gantry pushed.");
  return 0;
}
